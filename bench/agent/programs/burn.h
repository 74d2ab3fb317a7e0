/* Work until the thread's own clock says so. Nothing of it may be inlined, folded or become a tail call: its callers are
 * what is measured. */
#include <stdint.h>
#include <time.h>

static double thread_seconds(void)
{
	struct timespec now;
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static volatile uint32_t sink;

__attribute__((noinline)) static void burn(double until)
{
	uint32_t number = sink;
	while (thread_seconds() < until)
		for (int i = 0; i < 20000; i++)
			number = number * 1103515245u + 12345u;
	sink = number;
}

/* The write after the call keeps the caller's frame on the stack. */
#define WORK(name) __attribute__((noinline)) static void name(double until) { burn(until); sink = sink + 1; }
