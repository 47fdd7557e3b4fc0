"""What the containers of docker-compose.yml run besides the services: three jobs and a health check."""
