"""The `opsledger` command: both services in one process, and the command line of an auditor."""
