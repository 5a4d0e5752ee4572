"""What TWS tells of an account."""
