"""What a site gets back for a file: the receipt as JSON, table and page, and the rows to mend in its own format."""
