#include "CEmulator.h"

#include <stdlib.h>
#include <string.h>

/// A unit and what it is worth.
struct unit {
    const char *name;
    double worth;
};

static const struct unit times[] = {{"s", 1e9}, {"ms", 1e6}, {"us", 1e3}, {NULL, 0}};
static const struct unit rates[] = {{"Gbit", 1e9}, {"Mbit", 1e6}, {"kbit", 1e3}, {NULL, 0}};
static const struct unit sizes[] = {{"MiB", 1 << 20}, {"KiB", 1 << 10}, {"MB", 1e6}, {"kB", 1e3}, {"B", 1}, {NULL, 0}};
static const struct unit shares[] = {{"%", 0.01}, {NULL, 0}};
static const struct unit counts[] = {{"", 1}, {NULL, 0}};

/// Reads a number with one of the units, or a bare 0, and moves `text` behind it. What follows must be one of `ends`, or
/// the end.
static bool quantity(const char **text, const struct unit *units, const char *ends, double *value) {
    char *rest;
    size_t digits = strspn(*text, "0123456789.");
    if (**text < '0' || **text > '9' || digits > 15) return false;
    double number = strtod(*text, &rest);
    if (rest != *text + digits) return false;  // neither an exponent nor a hexadecimal number
    size_t length = strcspn(rest, "/:+");
    const struct unit *unit = units;
    while (unit->name && (strlen(unit->name) != length || strncmp(unit->name, rest, length) != 0)) unit++;
    if (!unit->name && !(number == 0 && length == 0)) return false;
    rest += length;
    if (*rest != '\0' && !strchr(ends, *rest)) return false;
    *value = unit->name ? number * unit->worth : 0;
    *text = rest;
    return true;
}

/// The whole of `text`, as a whole number.
static bool whole(const char *text, const struct unit *units, uint64_t *value) {
    double number;
    if (!quantity(&text, units, "", &number)) return false;
    *value = (uint64_t)(number + 0.5);
    return true;
}

/// `1%`: independent. `1%/4`: in bursts of 4 on average. `P/R/BAD/GOOD`: Gilbert–Elliott's four.
static bool loss(const char *text, struct link_conditions *to) {
    double first, second, third = 1, fourth = 0;
    if (!quantity(&text, shares, "/", &first) || first > 1) return false;
    if (*text == '\0') {
        to->good_to_bad = to->bad_to_good = to->bad_loss = 0;
        to->good_loss = first;
        return true;
    }
    const char *again = ++text;
    if (quantity(&text, counts, "", &second) && second >= 1 && first < 1) {
        // All is lost in the bad state, which lasts `second` frames and comes so often that the mean is `first`.
        to->bad_to_good = 1 / second;
        to->good_to_bad = first / (second * (1 - first));
        if (to->good_to_bad > 1) return false;
    } else {
        text = again;
        if (!quantity(&text, shares, "/", &second) || second > 1 || *text++ != '/') return false;
        if (!quantity(&text, shares, "/", &third) || third > 1 || *text++ != '/') return false;
        if (!quantity(&text, shares, "", &fourth) || fourth > 1) return false;
        to->good_to_bad = first, to->bad_to_good = second;
    }
    to->bad_loss = third, to->good_loss = fourth;
    return true;
}

/// `5ms`: in order. `5ms+reorder`: as it comes.
static bool jitter(const char *text, struct link_conditions *to) {
    double time;
    if (!quantity(&text, times, "+", &time)) return false;
    if (*text != '\0' && strcmp(text, "+reorder") != 0) return false;
    to->jitter = (uint64_t)time;
    to->jitter_reorders = *text != '\0';
    return true;
}

/// `25%` or `25%/5ms`: the share, and for how long.
static bool reorder(const char *text, struct link_conditions *to) {
    double share, gap = 5e6;
    if (!quantity(&text, shares, "/", &share) || share > 1) return false;
    if (*text == '/' && (text++, !quantity(&text, times, "", &gap))) return false;
    to->reorder = share, to->reorder_gap = (uint64_t)gap;
    return true;
}

/// `5s/2s`: up and down in turn. `on`: down until further notice. `off`: none.
static bool outage(const char *text, struct link_conditions *to) {
    double up = 0, down = 0;
    if (strcmp(text, "on") == 0) {
        down = 1;
    } else if (strcmp(text, "off") != 0) {
        if (!quantity(&text, times, "/", &up) || *text++ != '/' || !quantity(&text, times, "", &down)) return false;
        if (up == 0 || down == 0) return false;
    }
    to->up = (uint64_t)up, to->down = (uint64_t)down;
    return true;
}

static bool share(const char *text, double *to) {
    double value;
    if (!quantity(&text, shares, "", &value) || value > 1) return false;
    *to = value;
    return true;
}

/// `64KiB`, or `100ms` of the rate; one replaces the other.
static bool amount(const char *text, uint64_t *bytes, uint64_t *time) {
    uint64_t value;
    if (whole(text, sizes, &value)) {
        *bytes = value, *time = 0;
    } else if (whole(text, times, &value)) {
        *time = value, *bytes = 0;
    } else {
        return false;
    }
    return true;
}

static bool condition(const char *name, const char *text, struct link_conditions *to, uint64_t *seed) {
    uint64_t number;
    if (strcmp(name, "delay") == 0) return whole(text, times, &to->delay);
    if (strcmp(name, "jitter") == 0) return jitter(text, to);
    if (strcmp(name, "loss") == 0) return loss(text, to);
    if (strcmp(name, "reorder") == 0) return reorder(text, to);
    if (strcmp(name, "duplicate") == 0) return share(text, &to->duplicate);
    if (strcmp(name, "corrupt") == 0) return share(text, &to->corrupt);
    if (strcmp(name, "rate") == 0) return whole(text, rates, &to->rate);
    if (strcmp(name, "queue") == 0) return amount(text, &to->queue_bytes, &to->queue_time);
    if (strcmp(name, "mark") == 0) return amount(text, &to->mark_bytes, &to->mark_time);
    if (strcmp(name, "outage") == 0) return outage(text, to);
    if (strcmp(name, "seed") == 0) return whole(text, counts, seed);
    if (strcmp(name, "mtu") != 0 || !whole(text, counts, &number) || number > 65535) return false;
    to->mtu = (uint32_t)number;
    return true;
}

const char *link_parse(const char *words, struct link_conditions *conditions, uint64_t *seed) {
    static _Thread_local char wrong[64];
    struct link_conditions now = *conditions;
    uint64_t new_seed = *seed;
    for (words += strspn(words, " "); *words; words += strspn(words, " ")) {
        size_t length = strcspn(words, " ");
        char word[sizeof wrong];
        if (length >= sizeof word) length = sizeof word - 1;
        memcpy(word, words, length);
        word[length] = '\0';
        strcpy(wrong, word);
        char *value = strchr(word, '=');
        if (!value) return wrong;
        *value++ = '\0';
        if (!condition(word, value, &now, &new_seed)) return wrong;
        words += length;
    }
    *conditions = now;
    *seed = new_seed;
    return NULL;
}
