"""Fixed work: prints the CPU seconds, of user and system, that it took."""

import sys
import time

from service import Service

service = Service(97)
requests = [service.request() for _ in range(50)]
since = time.process_time()
for _ in range(int(sys.argv[1])):
    for request in requests:
        service.handle(request)
print(time.process_time() - since)
