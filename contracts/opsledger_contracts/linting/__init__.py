"""What is wrong or doubtful in a rulebook before anybody is scored by it (SR-29)."""
