// A name server that does not answer: getaddrinfo() that waits for SLOW_DNS_MS and then fails.
// Linked into a test, or preloaded into a program (cc -shared -fPIC).
#include <netdb.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

atomic_int slow_dns_calls; // that have begun

int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints,
                struct addrinfo **result)
{
    (void)node;
    (void)service;
    (void)hints;
    (void)result;
    atomic_fetch_add(&slow_dns_calls, 1);
    const char *text = getenv("SLOW_DNS_MS");
    long ms = text != NULL ? strtol(text, NULL, 10) : 30000;
    struct timespec wait = {ms / 1000, ms % 1000 * 1000000};
    ppoll(NULL, 0, &wait, NULL);
    return EAI_AGAIN;
}
