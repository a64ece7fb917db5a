"""Where does stock stand, and where do goods change hands?"""
