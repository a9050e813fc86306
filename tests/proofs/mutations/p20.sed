# A half step counts as a rise.
s/<= raw + 1 || l->hand/<= raw || l->hand/
