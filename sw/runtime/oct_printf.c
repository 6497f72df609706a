/* SPDX-License-Identifier: Apache-2.0
   printf without a heap, small enough for a worker's stack: %d %i %u %x %X %p %c %s %%, flags - and
   0, width (also *), precision of %s, l and ll. */
#include "oct_internal.h"

typedef struct {
  uint32_t used;
  int total;
  char text[48];
} sink_t;

static void flush(sink_t* s) {
  if (s->used != 0) oct_console_write(s->text, s->used);
  s->used = 0;
}

static void put(sink_t* s, char c) {
  if (s->used == sizeof s->text) flush(s);
  s->text[s->used++] = c;
  s->total++;
}

static void pad(sink_t* s, char c, int count) {
  while (count-- > 0) put(s, c);
}

static void put_field(sink_t* s, const char* text, int length, int width, int left) {
  if (!left) pad(s, ' ', width - length);
  for (int i = 0; i < length; i++) put(s, text[i]);
  if (left) pad(s, ' ', width - length);
}

static void put_number(sink_t* s, uint64_t value, char sign, unsigned base, int upper, int width,
                       int left, int zero) {
  char digits[20];
  int count = 0;
  do {
    /* 32-bit division where it is enough: the 64-bit one is a long library call. */
    unsigned digit;
    if (value >> 32 == 0) {
      uint32_t v = (uint32_t)value;
      digit = v % base;
      value = v / base;
    } else {
      digit = (unsigned)(value % base);
      value /= base;
    }
    digits[count++] = (char)(digit < 10 ? '0' + digit : (upper ? 'A' : 'a') + digit - 10);
  } while (value != 0);
  int length = count + (sign != 0);
  if (!left && !zero) pad(s, ' ', width - length);
  if (sign) put(s, sign);
  if (zero && !left) pad(s, '0', width - length);
  while (count > 0) put(s, digits[--count]);
  if (left) pad(s, ' ', width - length);
}

static void format_one(sink_t* s, const char** at, va_list* args) {
  const char* f = *at;
  int left = 0, zero = 0, width = 0, precision = -1, longs = 0;
  for (;; f++) {
    if (*f == '-')
      left = 1;
    else if (*f == '0')
      zero = 1;
    else if (*f != '+' && *f != ' ' && *f != '#')
      break;
  }
  if (*f == '*') {
    width = va_arg(*args, int);
    if (width < 0) left = 1, width = -width;
    f++;
  } else {
    while (*f >= '0' && *f <= '9') width = 10 * width + (*f++ - '0');
  }
  if (*f == '.') {
    precision = 0;
    f++;
    if (*f == '*') precision = va_arg(*args, int), f++;
    while (*f >= '0' && *f <= '9') precision = 10 * precision + (*f++ - '0');
  }
  while (*f == 'l' || *f == 'h' || *f == 'z' || *f == 't') longs += *f++ == 'l';
  char kind = *f;
  if (kind != 0) f++;
  *at = f;
  switch (kind) {
    case 'd':
    case 'i': {
      int64_t v = longs > 1 ? va_arg(*args, int64_t) : va_arg(*args, int);
      put_number(s, v < 0 ? -(uint64_t)v : (uint64_t)v, v < 0 ? '-' : 0, 10, 0, width, left, zero);
      break;
    }
    case 'u':
    case 'x':
    case 'X': {
      uint64_t v = longs > 1 ? va_arg(*args, uint64_t) : va_arg(*args, unsigned);
      put_number(s, v, 0, kind == 'u' ? 10 : 16, kind == 'X', width, left, zero);
      break;
    }
    case 'p':
      put(s, '0');
      put(s, 'x');
      put_number(s, va_arg(*args, unsigned), 0, 16, 0, 8, 0, 1);
      break;
    case 'c': {
      char c = (char)va_arg(*args, int);
      put_field(s, &c, 1, width, left);
      break;
    }
    case 's': {
      const char* text = va_arg(*args, const char*);
      if (text == NULL) text = "(null)";
      int length = 0;
      while (text[length] != 0 && length != precision) length++;
      put_field(s, text, length, width, left);
      break;
    }
    case '%':
      put(s, '%');
      break;
    default: /* unknown: shown as it stands */
      put(s, '%');
      if (kind) put(s, kind);
  }
}

int vprintf(const char* format, va_list args) {
  sink_t s;
  s.used = 0;
  s.total = 0;
  va_list list;
  va_copy(list, args);
  oct_lock(&oct_rt.console_lock);
  while (*format != 0) {
    char c = *format++;
    if (c == '%')
      format_one(&s, &format, &list);
    else
      put(&s, c);
  }
  flush(&s);
  oct_unlock(&oct_rt.console_lock);
  va_end(list);
  return s.total;
}

int printf(const char* format, ...) {
  va_list args;
  va_start(args, format);
  int total = vprintf(format, args);
  va_end(args);
  return total;
}

/* The compiler turns simple calls of printf into these: they must not call printf. */
static void write_locked(const char* text, uint32_t bytes, const char* end) {
  oct_lock(&oct_rt.console_lock);
  oct_console_write(text, bytes);
  if (end != NULL) oct_console_write(end, 1);
  oct_unlock(&oct_rt.console_lock);
}

int puts(const char* text) {
  uint32_t bytes = 0;
  while (text[bytes] != 0) bytes++;
  write_locked(text, bytes, "\n");
  return 0;
}

int putchar(int c) {
  char text = (char)c;
  write_locked(&text, 1, NULL);
  return (unsigned char)c;
}
