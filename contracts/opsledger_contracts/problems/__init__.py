"""Every code with which the system says no, one module per noun."""
