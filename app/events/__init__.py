"""What happened, told to whoever follows: complete and in order, or refused with a way back."""
