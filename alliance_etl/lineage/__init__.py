"""Where each published number that is no form's own comes from: its rule, and the rows that it was made of."""
