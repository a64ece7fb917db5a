"""The embedded retailer: a made-up chain with a shop, tills, a warehouse and a supplier."""
