"""Who is this person, whatever systems know of them?"""
