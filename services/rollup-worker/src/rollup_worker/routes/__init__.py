"""The reads that the city's front ends and partners make."""
