/* SPDX-License-Identifier: Apache-2.0
   printf without a heap and without floating point, small enough for a worker's stack: %d %i %u %o
   %x %X %p %c %s %% and %f below 2^64, flags - 0 + space #, width and precision (also *), hh h l ll
   z t j. %e, %g, %a take their argument and are shown as they stand. */
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

/* What stands between % and the letter. */
typedef struct {
  int left, zero, other; /* flags; the last: # */
  char plus;             /* before numbers that are not negative: +, space or none */
  int width, precision;  /* precision: -1 if none */
  int longs;             /* -2 hh ... 2 ll */
} form_t;

static const char* prefix_of(char kind, uint64_t value) {
  if (value == 0) return "";
  return kind == 'x' ? "0x" : kind == 'X' ? "0X" : kind == 'o' ? "0" : "";
}

/* The number's digits; `count` more characters (of a fraction), which the caller puts behind them,
   count for the width, and the caller fills on the right then. */
static void put_number(sink_t* s, const form_t* f, uint64_t value, char sign, char kind,
                       int count) {
  const unsigned base = kind == 'x' || kind == 'X' ? 16 : kind == 'o' ? 8 : 10;
  const char* prefix = f->other ? prefix_of(kind, value) : "";
  char digits[22];
  int n = 0;
  while (value != 0) {
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
    digits[n++] = (char)(digit < 10 ? '0' + digit : (kind == 'X' ? 'A' : 'a') + digit - 10);
  }
  int zeros = (f->precision < 0 || count != 0 ? 1 : f->precision) - n;
  if (zeros < 0) zeros = 0;
  int length = n + zeros + count + (sign != 0);
  for (const char* c = prefix; *c; c++) length++;
  const int fill = f->zero && !f->left && (f->precision < 0 || count != 0);
  if (!f->left && !fill) pad(s, ' ', f->width - length);
  if (sign) put(s, sign);
  for (const char* c = prefix; *c; c++) put(s, *c);
  if (fill) pad(s, '0', f->width - length);
  pad(s, '0', zeros);
  while (n > 0) put(s, digits[--n]);
  if (f->left && count == 0) pad(s, ' ', f->width - length);
}

/* A double by its bits: sign, exponent and mantissa become 64 bits before and 64 behind the point;
   ties of the last digit go to even, bits below 2^-64 count as more than nothing. */
static void put_fixed(sink_t* s, const form_t* f, uint64_t bits) {
  enum { kMaxDigits = 18 };
  const char sign = bits >> 63 ? '-' : f->plus;
  const int exponent = (int)(bits >> 52 & 0x7ff) - 1075;
  uint64_t mantissa = bits & 0xfffffffffffff;
  if (exponent >= 12) { /* infinite, not a number, or 2^64 and more */
    const int fill = f->width - 3 - (sign != 0);
    if (!f->left) pad(s, ' ', fill);
    if (sign) put(s, sign);
    put_text(s, exponent < 0x7ff - 1075 ? "big" : mantissa ? "nan" : "inf", -1, 0, 0);
    if (f->left) pad(s, ' ', fill);
    return;
  }
  if (exponent != -1075) mantissa |= 1ULL << 52;
  uint64_t whole = 0, fraction = 0;
  int below = 0;
  if (exponent >= 0) {
    whole = mantissa << exponent;
  } else if (exponent > -64) {
    whole = mantissa >> -exponent;
    fraction = mantissa << (64 + exponent);
  } else if (exponent > -128) {
    fraction = mantissa >> (-64 - exponent);
    below = exponent != -64 && (mantissa & ((1ULL << (-64 - exponent)) - 1)) != 0;
  } else {
    below = mantissa != 0;
  }
  const int wanted = f->precision < 0 ? 6 : f->precision;
  const int count = wanted < kMaxDigits ? wanted : kMaxDigits;
  uint64_t digits = 0, unit = 1; /* of the fraction, as a whole number below `unit` */
  for (int i = 0; i < count; i++) {
    const uint64_t low = (fraction & 0xffffffff) * 10;
    const uint64_t high = (fraction >> 32) * 10 + (low >> 32);
    fraction = high << 32 | (low & 0xffffffff);
    digits = digits * 10 + (high >> 32);
    unit *= 10;
  }
  const uint64_t half = 1ULL << 63;
  const uint64_t odd = count ? digits & 1 : whole & 1;
  if (fraction > half || (fraction == half && (below || odd))) {
    if (count == 0 || ++digits == unit) whole++, digits = 0;
  }
  const int behind = wanted + (wanted != 0 || f->other);
  form_t form = *f;
  form.other = 0;
  if (behind == 0) form.precision = -1;
  const int start = s->total;
  put_number(s, &form, whole, sign, 'd', behind);
  if (behind != 0) put(s, '.');
  while (unit > 1) {
    unit /= 10;
    put(s, (char)('0' + digits / unit));
    digits %= unit;
  }
  pad(s, '0', wanted - count);
  if (f->left && behind != 0) pad(s, ' ', f->width - (s->total - start));
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

static void put_integer(sink_t* s, const form_t* f, char kind, va_list* args) {
  uint64_t v = f->longs > 1 ? va_arg(*args, uint64_t) : va_arg(*args, unsigned);
  char sign = 0;
  if (kind == 'd' || kind == 'i') {
    int64_t n = f->longs > 1     ? (int64_t)v
                : f->longs == -1 ? (int16_t)v
                : f->longs < -1  ? (int8_t)v
                                 : (int32_t)v;
    sign = n < 0 ? '-' : f->plus;
    v = n < 0 ? -(uint64_t)n : (uint64_t)n;
  } else if (f->longs < 0) {
    v &= f->longs == -1 ? 0xffff : 0xff;
  }
  put_number(s, f, v, sign, kind, 0);
}

static form_t read_form(text_t* t, va_list* args) {
  form_t f = {.precision = -1};
  for (;; t->at++) {
    char c = peek(t);
    if (c == '-') {
      f.left = 1;
    } else if (c == '0') {
      f.zero = 1;
    } else if (c == '#') {
      f.other = 1;
    } else if (c == '+' || (c == ' ' && f.plus == 0)) {
      f.plus = c;
    } else if (c != ' ') {
      break;
    }
  }
  f.width = number(t, args);
  if (f.width < 0) f.left = 1, f.width = -f.width;
  if (peek(t) == '.') {
    t->at++;
    f.precision = number(t, args);
  }
  for (;; t->at++) {
    char c = peek(t);
    if (c == 'l') {
      f.longs++;
    } else if (c == 'h') {
      f.longs--;
    } else if (c == 'j') {
      f.longs = 2;
    } else if (c != 'z' && c != 't') {
      break;
    }
  }
  return f;
}

static void format_one(sink_t* s, text_t* t, va_list* args) {
  form_t f = read_form(t, args);
  char kind = peek(t);
  if (kind != 0) t->at++;
  switch (kind) {
    case 'd':
    case 'i':
    case 'u':
    case 'o':
    case 'x':
    case 'X':
      put_integer(s, &f, kind, args);
      break;
    case 'p':
      f.other = 0;
      f.precision = 8;
      put(s, '0');
      put(s, 'x');
      f.width -= 2;
      put_number(s, &f, va_arg(*args, unsigned), 0, 'x', 0);
      break;
    case 'c': {
      char c = (char)va_arg(*args, int);
      if (!f.left) pad(s, ' ', f.width - 1);
      put(s, c);
      if (f.left) pad(s, ' ', f.width - 1);
      break;
    }
    case 's': {
      const char* text = va_arg(*args, const char*);
      put_text(s, text != NULL ? text : "(null)", f.precision, f.width, f.left);
      break;
    }
    case 'f':
    case 'F': {
      union {
        double value;
        uint64_t bits;
      } v = {va_arg(*args, double)};
      put_fixed(s, &f, v.bits);
      break;
    }
    case '%':
      put(s, '%');
      break;
    case 'e':
    case 'E':
    case 'g':
    case 'G':
    case 'a':
    case 'A':
      (void)va_arg(*args, double);
      __attribute__((fallthrough));
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
