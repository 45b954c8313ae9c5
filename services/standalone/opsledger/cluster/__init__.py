"""A whole topology as plain processes on one machine: databases, brokers and services."""
