"""When can it be there, from where, at what cost and with what emissions?"""
