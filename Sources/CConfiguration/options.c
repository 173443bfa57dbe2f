#define _GNU_SOURCE
#include "CConfiguration.h"

int configuration_next_option(
    int argc, char *const *argv, const struct option *options, const char **argument, bool restart) {
    if (restart) optind = 0;
    opterr = 0;
    optarg = NULL;
    // The leading '-' hands over words that are no options in their place.
    int value = getopt_long(argc, argv, "-", options, NULL);
    *argument = optarg;
    if (value == '?') {
        // Of several short options in one word, which optind passes at its end, the one that is meant.
        static char letter[] = "-?";
        letter[1] = (char)optopt;
        *argument = optopt > 0 && optopt < 256 ? letter : argv[optind - 1];
    }
    if (value == -1 && optind < argc) {
        *argument = argv[optind++];
        return 1;
    }
    return value;
}
