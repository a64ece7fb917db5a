"""What was bought, is it paid, and who carries it out?"""
