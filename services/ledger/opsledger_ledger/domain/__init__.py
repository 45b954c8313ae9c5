"""The command side's rules, one module per noun; pure: no clock, no I/O, no chance."""
