/// What a Foundation-free program is configured with: getopt_long(3), which Swift's Glibc module lacks, and TOML, read by
/// toml++ into a flat list with the line of each value. No policy lives here.
#ifndef CCONFIGURATION_H
#define CCONFIGURATION_H

#include <getopt.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// One step of getopt_long(3): the option's `val`, '?' for an unknown option or a missing argument, 1 for a word that is
/// no option, -1 at the end. `*argument` is the option's argument, or the word, or NULL. Prints nothing. `restart` is
/// true in the first step over an argument list. Confined to one thread, as getopt_long is.
int configuration_next_option(
    int argc, char *const *argv, const struct option *options, const char **argument, bool restart);

typedef enum {
    TOML_ENTRY_TABLE,
    TOML_ENTRY_ARRAY,
    TOML_ENTRY_STRING,
    TOML_ENTRY_INTEGER,
    TOML_ENTRY_BOOLEAN,
    TOML_ENTRY_OTHER,
} toml_entry_kind;

/// A value of a document; a table or an array comes before what it holds.
typedef struct {
    /// The keys from the root, joined by dots; one that needs quotes has them. An element of an array has the array's own path.
    const char *path;
    toml_entry_kind kind;
    /// Whether the value is an element of an array.
    bool is_element;
    bool boolean;
    int64_t integer;
    /// The bytes of a string, which may hold zeros.
    const char *text;
    size_t text_length;
    /// Counted from 1.
    uint32_t line;
} toml_entry;

typedef struct toml_document toml_document;

/// Never NULL unless there is no memory.
toml_document *toml_document_parse(const char *text, size_t length);
void toml_document_destroy(toml_document *document);

/// Why the text is not TOML, or NULL when it is; `*line` is where.
const char *toml_document_error(const toml_document *document, uint32_t *line);

size_t toml_document_count(const toml_document *document);
const toml_entry *toml_document_entries(const toml_document *document);

#ifdef __cplusplus
}
#endif

#endif
