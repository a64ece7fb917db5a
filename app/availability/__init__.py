"""How many can be sold, and from where?"""
