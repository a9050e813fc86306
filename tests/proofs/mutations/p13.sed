# C and D go where they are wanted in one step.
s/here < goal ? here + 1 : here - 1/goal/
