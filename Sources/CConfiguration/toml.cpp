// What a file says is no reason to abort: where the library asserts of its input, as at "[.a]", it also looks and throws.
#define TOML_ASSERT(condition) static_cast<void>(0)
#define TOML_HEADER_ONLY 1
#include <toml++/toml.h>

#include "CConfiguration.h"

#include <algorithm>
#include <cctype>
#include <deque>
#include <new>
#include <string>
#include <string_view>
#include <vector>

struct toml_document {
    std::vector<toml_entry> entries;
    /// What the entries point into; a deque never moves its elements.
    std::deque<std::string> texts;
    std::string error;
    uint32_t error_line = 0;
    bool failed = false;

    const char *keep(std::string text) { return texts.emplace_back(std::move(text)).c_str(); }

    /// A key as it stands in a path: one with dots, blanks or zeros in it is no other key.
    static std::string spelled(std::string key) {
        auto is_bare = [](unsigned char byte) { return byte < 0x80 && (std::isalnum(byte) || byte == '_' || byte == '-'); };
        return !key.empty() && std::all_of(key.begin(), key.end(), is_bare) ? key : '"' + key + '"';
    }

    void add(const toml::node &node, const std::string &path, bool is_element) {
        toml_entry entry{};
        entry.path = keep(path);
        entry.kind = TOML_ENTRY_OTHER;
        entry.is_element = is_element;
        entry.line = node.source().begin.line;
        if (auto text = node.as_string()) {
            entry.kind = TOML_ENTRY_STRING;
            entry.text = keep(text->get());
            entry.text_length = text->get().size();
        } else if (auto integer = node.as_integer()) {
            entry.kind = TOML_ENTRY_INTEGER;
            entry.integer = integer->get();
        } else if (auto boolean = node.as_boolean()) {
            entry.kind = TOML_ENTRY_BOOLEAN;
            entry.boolean = boolean->get();
        } else if (node.is_table()) {
            entry.kind = TOML_ENTRY_TABLE;
        } else if (node.is_array()) {
            entry.kind = TOML_ENTRY_ARRAY;
        }
        entries.push_back(entry);
        if (auto table = node.as_table()) add(*table, path);
        if (auto array = node.as_array()) {
            for (const toml::node &element : *array) add(element, path, true);
        }
    }

    void add(const toml::table &table, const std::string &path) {
        for (const auto &[key, node] : table) {
            std::string name = spelled(std::string(key.str()));
            add(node, path.empty() ? name : path + "." + name, false);
        }
    }
};

extern "C" {

toml_document *toml_document_parse(const char *text, size_t length) try {
    auto *document = new toml_document;
    try {
        document->add(toml::parse(std::string_view(text, length)), "");
    } catch (const toml::parse_error &error) {
        document->entries.clear();
        document->error = std::string(error.description());
        document->error_line = error.source().begin.line;
        document->failed = true;
    }
    return document;
} catch (const std::bad_alloc &) {
    return nullptr;
}

void toml_document_destroy(toml_document *document) { delete document; }

const char *toml_document_error(const toml_document *document, uint32_t *line) {
    if (!document->failed) return nullptr;
    *line = document->error_line;
    return document->error.c_str();
}

size_t toml_document_count(const toml_document *document) { return document->entries.size(); }

const toml_entry *toml_document_entries(const toml_document *document) { return document->entries.data(); }

}
