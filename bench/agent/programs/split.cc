// split.py in C++: compiled without frame pointers.
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <unistd.h>
#include "burn.h"

namespace {
WORK(seventy)
WORK(twenty)
WORK(ten)
volatile std::sig_atomic_t ended;
}  // namespace

int main() {
  std::signal(SIGTERM, [](int) { ended = 1; });
  void (*const works[])(double) = {seventy, twenty, ten};
  const double shares[] = {0.7, 0.2, 0.1};
  double spent[3] = {};
  const double began = thread_seconds();
  const auto parent = getppid();
  while (!ended && getppid() == parent) {
    const double total = spent[0] + spent[1] + spent[2];
    int behind = 0;
    for (int i = 1; i < 3; i++)
      if (shares[i] * total - spent[i] > shares[behind] * total - spent[behind]) behind = i;
    const double since = thread_seconds();
    works[behind](since + 0.0005 + 0.001 * std::rand() / RAND_MAX);
    spent[behind] += thread_seconds() - since;
  }
  const double total = thread_seconds() - began;
  std::printf("%.3f %.3f %.3f\n", 100 * spent[0] / total, 100 * spent[1] / total, 100 * spent[2] / total);
}
