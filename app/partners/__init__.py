"""Partners: what each of them sees of what there is, and hears when that changes."""
