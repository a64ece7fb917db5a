"""What does a shopper mean to buy, on whichever device, and what is kept for it?"""
