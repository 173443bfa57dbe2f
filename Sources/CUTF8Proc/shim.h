#include <utf8proc.h>

#include <stddef.h>

// glibc has it, and shows it only to who asks for GNU's extensions before any header is read.
void *memmem(const void *text, size_t text_size, const void *word, size_t word_size);
