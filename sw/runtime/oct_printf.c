/* SPDX-License-Identifier: Apache-2.0
   printf without a heap, small enough for a worker's stack: %d %i %u %x %X %p %c %s %%, flags - and
   0, width (also *), precision of %s, l and ll. */
#include "oct_internal.h"

/* Text is read by words: a byte costs as much as a word, and it is mostly in L2. */
typedef struct {
  const char* at;
  const uint32_t* have; /* the word that is in `word` */
  uint32_t word;
} text_t;

static char peek(text_t* t) {
  const uint32_t* place = (const uint32_t*)((uintptr_t)t->at & ~(uintptr_t)3);
  if (place != t->have) {
    t->have = place;
    t->word = *place;
  }
  return (char)(t->word >> 8 * ((uintptr_t)t->at & 3));
}

typedef struct {
  int total;
} sink_t;

static void put(sink_t* s, char c) {
  oct_console_put(c);
  s->total++;
}

static void pad(sink_t* s, char c, int count) {
  while (count-- > 0) put(s, c);
}

/* At most `limit` characters. */
static void put_text(sink_t* s, const char* from, int limit, int width, int left) {
  text_t t = {from, NULL, 0};
  int length = 0;
  if (width != 0) {
    while (length != limit && peek(&t) != 0) t.at++, length++;
    t.at = from;
    if (!left) pad(s, ' ', width - length);
  }
  for (int i = 0; i != limit && peek(&t) != 0; i++, t.at++) put(s, peek(&t));
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

static int number(text_t* f, va_list* args) {
  int value = 0;
  if (peek(f) == '*') {
    f->at++;
    return va_arg(*args, int);
  }
  for (; peek(f) >= '0' && peek(f) <= '9'; f->at++) value = 10 * value + (peek(f) - '0');
  return value;
}

static void format_one(sink_t* s, text_t* f, va_list* args) {
  int left = 0, zero = 0, width = 0, precision = -1, longs = 0;
  for (;; f->at++) {
    char c = peek(f);
    if (c == '-') {
      left = 1;
    } else if (c == '0') {
      zero = 1;
    } else if (c != '+' && c != ' ' && c != '#') {
      break;
    }
  }
  width = number(f, args);
  if (width < 0) left = 1, width = -width;
  if (peek(f) == '.') {
    f->at++;
    precision = number(f, args);
  }
  for (;; f->at++) {
    char c = peek(f);
    if (c == 'l') {
      longs++;
    } else if (c != 'h' && c != 'z' && c != 't') {
      break;
    }
  }
  char kind = peek(f);
  if (kind != 0) f->at++;
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
      if (!left) pad(s, ' ', width - 1);
      put(s, c);
      if (left) pad(s, ' ', width - 1);
      break;
    }
    case 's': {
      const char* text = va_arg(*args, const char*);
      put_text(s, text != NULL ? text : "(null)", precision, width, left);
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
  sink_t s = {0};
  text_t f = {format, NULL, 0};
  va_list list;
  va_copy(list, args);
  oct_lock(&oct_rt.console_lock);
  for (char c; (c = peek(&f)) != 0;) {
    f.at++;
    if (c == '%') {
      format_one(&s, &f, &list);
    } else {
      put(&s, c);
    }
  }
  oct_console_flush();
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
int puts(const char* text) {
  sink_t s = {0};
  oct_lock(&oct_rt.console_lock);
  put_text(&s, text, -1, 0, 0);
  put(&s, '\n');
  oct_console_flush();
  oct_unlock(&oct_rt.console_lock);
  return s.total;
}

int putchar(int c) {
  oct_lock(&oct_rt.console_lock);
  oct_console_put((char)c);
  oct_console_flush();
  oct_unlock(&oct_rt.console_lock);
  return (unsigned char)c;
}
