"""What does Tessera cost beside other servers that answer the same questions with the same data?"""
