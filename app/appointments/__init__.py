"""When does staff of a store have time for somebody?"""
