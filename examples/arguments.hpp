// arguments.hpp: `--name value`, `--flag` and `--help` for the examples, and nothing more.
#pragma once

#include <quaymaster/authkey.hpp>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <cstdlib>
#include <initializer_list>
#include <iostream>
#include <limits>
#include <map>
#include <string>
#include <string_view>
#include <utility>

class arguments {
public:
    /// Prints the options and ends the program for --help; refuse()s an option in neither list.
    arguments(int argc, char** argv, std::initializer_list<std::string_view> valued,
              std::initializer_list<std::string_view> flags = {})
    {
        const std::string path = argv[0];
        program_ = path.substr(path.rfind('/') + 1);
        const auto has = [](auto names, std::string_view name) { return std::find(names.begin(), names.end(), name) != names.end(); };
        for (int index = 1; index < argc; ++index) {
            const std::string option = argv[index];
            if (option == "--help") {
                std::cout << "usage: " << argv[0] << usage(valued, " VALUE]") << usage(flags, "]") << '\n';
                std::exit(0);
            }
            if (has(flags, option))
                values_[option] = "";
            else if (has(valued, option) && index + 1 < argc)
                values_[option] = argv[++index];
            else
                refuse("unknown or incomplete option " + option + "; known are" + listed(valued) + listed(flags));
        }
    }

    /// Says what is wrong with the command line, and ends the program with status 2.
    [[noreturn]] void refuse(const std::string& what) const
    {
        std::cerr << program_ << ": " << what << '\n';
        std::exit(2);
    }

    [[nodiscard]] bool has(const std::string& option) const { return values_.contains(option); }

    [[nodiscard]] std::string text(const std::string& option, std::string otherwise) const
    {
        const auto found = values_.find(option);
        return found == values_.end() ? otherwise : found->second;
    }

    /// refuse()s anything but a number that is not negative and fits its type.
    template <class Number>
    [[nodiscard]] Number number(const std::string& option, Number otherwise) const
    {
        const std::string digits = text(option, std::to_string(otherwise));
        Number number{};
        const auto [end, failed] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
        if (failed != std::errc{} || end != digits.data() + digits.size() || std::cmp_less(number, 0))
            refuse(option + " needs a whole number from 0 to " + std::to_string(std::numeric_limits<Number>::max()) + ", not " +
                   digits);
        return number;
    }

    /// The key in --authkey-file, or the one of the tutorials, which is no secret.
    [[nodiscard]] quaymaster::authkey authkey() const
    {
        return has("--authkey-file") ? quaymaster::authkey::from_file(text("--authkey-file", "")) : quaymaster::authkey{"abc"};
    }

private:
    static std::string listed(std::initializer_list<std::string_view> names)
    {
        std::string all;
        for (const std::string_view name : names)
            (all += ' ') += name;
        return all;
    }

    static std::string usage(std::initializer_list<std::string_view> names, std::string_view ending)
    {
        std::string all;
        for (const std::string_view name : names)
            ((all += " [") += name) += ending;
        return all;
    }

    std::string program_;
    std::map<std::string, std::string> values_;
};
