// SPDX-License-Identifier: Apache-2.0
// Prints its arguments; the exit code is their number.
#include "oct.h"

static uint32_t zeroed[100];
static uint32_t data[2] = {0x12345678, 0x9abcdef0};

int main(int argc, char** argv) {
  for (unsigned i = 0; i < 100; i++) {
    if (zeroed[i] != 0) return 90;
  }
  if (data[0] != 0x12345678 || data[1] != 0x9abcdef0) return 91;
  for (int i = 1; i < argc; i++) printf("[%s]\n", argv[i]);
  printf("%d %5d|%-5d|%05d %u %x %X %08x %c %s %10s|%-10s| %% %lld %llu %p\n", -7, 42, 42, -42,
         4000000000u, 0xbeefu, 0xbeefu, 0xbeefu, 'c', "text", "right", "left", -123456789012345ll,
         18446744073709551615ull, (void*)0x80000000);
  const volatile double third = 1.0 / 3, half = 0.5, large = 1e19;
  printf("%f|%+.2f|%08.3f|%-8.1f|%.0f|%.15f|%.0f %d\n", -third, third, -third, third, half, third,
         large, 42);
  printf("%+d|% d|%.3d|%#x|%o|%hhu|%hd|%5.2s|%zu\n", 7, 7, 7, 255, 8, 300, 70000, "abc",
         sizeof(int));
  return argc - 1;
}
