/* Hexadecimal digits. */
#ifndef COMMON_HEX_H
#define COMMON_HEX_H

/* The value 0–15 of a digit of either case, −1 when it is none. */
int hex_value(char c);

#endif
