"""The health check of a service's container: does it say that it is ready?"""

import http.client
import sys

from deploy.compose.places import SERVICE_PORT


def main() -> int:
    connection = http.client.HTTPConnection("127.0.0.1", SERVICE_PORT, timeout=4)
    try:
        connection.request("GET", "/readyz")
        answer = connection.getresponse()
        print(answer.read(2000).decode())
    except (OSError, http.client.HTTPException) as reason:
        print(reason)
        return 1
    return 0 if answer.status == http.client.OK else 1


if __name__ == "__main__":
    sys.exit(main())
