"""`make compare`: what each runtime costs and gives, once it was shown that all behave the same."""
