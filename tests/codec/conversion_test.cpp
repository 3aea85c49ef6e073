#include <quaymaster/boost_serialization.hpp>
#include <quaymaster/cereal_codec.hpp>
#include <quaymaster/conversion.hpp>
#include <quaymaster/literal.hpp>
#include <quaymaster/pickle_codec.hpp>

#include "codec/pickle_decoder.hpp"

#include <boost/describe/class.hpp>
#include <boost/serialization/vector.hpp>
#include <catch2/catch.hpp>
#include <cereal/types/base_class.hpp>
#include <cereal/types/memory.hpp>
#include <cereal/types/string.hpp>
#include <cereal/types/vector.hpp>

#include <cmath>
#include <limits>
#include <memory>

using namespace quaymaster;

namespace {

/// What Python would print for the object that `object` becomes.
template <class T>
std::string shown(const T& object)
{
    return to_value(object).repr();
}

/// What a Python literal becomes as a T.
template <class T>
T read(std::string_view literal)
{
    return decode<T>(parse_literal(literal));
}

/// A literal that may hold zeros, all of it.
template <std::size_t Size>
std::string_view pickle(const char (&literal)[Size])
{
    return {literal, Size - 1};
}

/// The message of the conversion_error; "no error" if there is none.
template <class T>
std::string problem(std::string_view literal)
{
    try {
        static_cast<void>(read<T>(literal));
        return "no error";
    } catch (const conversion_error& error) {
        return error.what();
    }
}

template <class T>
bool survives(const T& object)
{
    return from_pickle<T>(to_pickle(object)) == object &&
           from_pickle<T>(to_pickle(object, pickle_encoder::dialect::python2)) == object;
}

}  // namespace

namespace shapes {

struct size {
    int width = 0;
    int height = 0;
    std::optional<std::string> label;

    friend bool operator==(const size&, const size&) = default;
    template <class Archive>
    void serialize(Archive& archive)
    {
        archive(CEREAL_NVP(width), CEREAL_NVP(height), cereal::make_nvp("name", label));
    }
};

class secret {
public:
    secret() = default;
    explicit secret(int number) : number_{number} {}
    [[nodiscard]] int number() const { return number_; }

private:
    friend class cereal::access;
    template <class Archive>
    void serialize(Archive& archive)
    {
        archive & cereal::make_nvp("number", number_);
    }
    int number_ = 0;
};

struct coloured : size {
    std::string colour;

    template <class Archive>
    void serialize(Archive& archive)
    {
        archive(cereal::base_class<size>(this), CEREAL_NVP(colour));
    }
};

struct versioned {
    int first = 0;
    int added = -1;

    template <class Archive>
    void serialize(Archive& archive, std::uint32_t version)
    {
        archive(CEREAL_NVP(first));
        if (version >= 2)
            archive(CEREAL_NVP(added));
    }
};

struct free_function {
    int number = 0;
};
template <class Archive>
void serialize(Archive& archive, free_function& object)
{
    archive(cereal::make_nvp("number", object.number));
}

struct base {
    int id = 0;
};
BOOST_DESCRIBE_STRUCT(base, (), (id))
struct described : base {
    std::string text;
    std::vector<double> numbers;
};
BOOST_DESCRIBE_STRUCT(described, (base), (text, numbers))

struct tree {
    std::vector<tree> children;

    template <class Archive>
    void serialize(Archive& archive)
    {
        archive(CEREAL_NVP(children));
    }
};

enum class colour : std::uint8_t { red = 1, green = 2 };

struct unnamed {
    int number = 0;
    std::unique_ptr<int> pointer;

    template <class Archive>
    void serialize(Archive& archive)
    {
        archive(number, pointer);
    }
};

struct for_boost {
    std::vector<int> numbers;

    template <class Archive>
    void serialize(Archive& archive, unsigned)
    {
        archive & numbers;
    }
};

/// A type with a converter of its own: a fraction as Python's fractions.Fraction.
struct fraction {
    int numerator = 0;
    int denominator = 1;
};

}  // namespace shapes

CEREAL_CLASS_VERSION(shapes::versioned, 2)

template <>
struct quaymaster::converter<shapes::fraction> {
    static void encode(pickle_encoder& output, const shapes::fraction& known)
    {
        output.object(value::object(value::global("fractions", "Fraction"), {known.numerator, known.denominator}));
    }
    static shapes::fraction decode(const value& found)
    {
        if (found.type_name() != "fractions.Fraction")
            throw conversion_error{"", "fractions.Fraction", found.type_name()};
        return {quaymaster::decode<int>(found.arguments()[0]), quaymaster::decode<int>(found.arguments()[1])};
    }
};

TEST_CASE("Integers convert within their range", "[codec][conversion]")
{
    CHECK(shown(std::int8_t{-5}) == "-5");
    CHECK(shown(std::uint64_t{18446744073709551615U}) == "18446744073709551615");
    CHECK(survives(std::numeric_limits<std::int64_t>::min()));
    CHECK(survives(std::numeric_limits<std::uint64_t>::max()));
    CHECK(read<std::int8_t>("127") == 127);
    CHECK(read<std::uint8_t>("255") == 255);
    CHECK(read<int>("True") == 1);
    CHECK(read<std::uint64_t>("18446744073709551615") == 18446744073709551615U);

    CHECK(problem<std::int8_t>("300") == "expected int within -128..127, found int 300");
    CHECK(problem<unsigned>("-1") == "expected int within 0..4294967295, found int -1");
    CHECK(problem<std::int64_t>("9223372036854775808") ==
          "expected int within -9223372036854775808..9223372036854775807, found int 9223372036854775808");
    CHECK(problem<int>("1.0") == "expected int within -2147483648..2147483647, found float 1.0");
    CHECK(problem<int>("None") == "expected int within -2147483648..2147483647, found None");
}

TEST_CASE("bool and float convert as Python would widen them", "[codec][conversion]")
{
    CHECK(shown(true) == "True");
    CHECK(read<bool>("True"));
    CHECK(problem<bool>("1") == "expected bool, found int 1");

    CHECK(shown(1.5) == "1.5");
    CHECK(shown(1.5F) == "1.5");
    CHECK(read<double>("3") == 3.0);
    CHECK(read<float>("True") == 1.0F);
    CHECK(std::isnan(read<double>("nan")));
    CHECK(problem<double>("'1.5'") == "expected float, found str '1.5'");
    CHECK(read<float>("1.5") == 1.5F);
    CHECK(read<float>("1e-300") == 0.0F);
    CHECK(std::isinf(read<float>("inf")));
    CHECK(problem<float>("1e300") == "expected float of 32 bits, found float 1e+300");
    CHECK(problem<double>("1" + std::string(400, '0')).starts_with("expected float, or int within its range, found int 1"));
}

TEST_CASE("std::string is str, bytes is bytes", "[codec][conversion]")
{
    CHECK(shown(std::string{"a"}) == "'a'");
    CHECK(shown(std::string_view{"a"}) == "'a'");
    CHECK(to_value("a") == value{"a"});
    CHECK(shown(to_bytes("a")) == "b'a'");
    CHECK(read<std::string>("'caf\xc3\xa9'") == "caf\xc3\xa9");
    CHECK(read<bytes>("b'a'") == to_bytes("a"));
    CHECK(read<bytes>("bytearray(b'a')") == to_bytes("a"));
    CHECK(problem<std::string>("b'a'") == "expected str, found bytes b'a'");
    CHECK(problem<bytes>("'a'") == "expected bytes, found str 'a'");
    CHECK_THROWS_AS(to_value(std::string{"\xff"}), std::invalid_argument);

    SECTION("Python 2's str is text if it is UTF-8, and octets in any case") {
        const auto python2 = [](std::string_view octets) {
            return "\x80\x02U" + std::string(1, static_cast<char>(octets.size())) + std::string{octets} + ".";
        };
        CHECK(from_pickle<std::string>(as_bytes(python2("caf\xc3\xa9"))) == "caf\xc3\xa9");
        CHECK(from_pickle<bytes>(as_bytes(python2("\xff"))) == to_bytes("\xff"));
        CHECK_THROWS_WITH(from_pickle<std::string>(as_bytes(python2("\xff"))),
                          "expected str, or Python 2 str that is UTF-8, found Python 2 str '\\xff'");
    }
}

TEST_CASE("None is monostate, nullptr and an empty optional", "[codec][conversion]")
{
    CHECK(shown(nullptr) == "None");
    CHECK(shown(std::monostate{}) == "None");
    CHECK(shown(std::optional<int>{}) == "None");
    CHECK(shown(std::optional<int>{3}) == "3");
    CHECK(read<std::optional<int>>("None") == std::nullopt);
    CHECK(read<std::optional<int>>("3") == 3);
    CHECK(problem<std::monostate>("0") == "expected None, found int 0");
}

TEST_CASE("Tuples, pairs and arrays are tuples of their size", "[codec][conversion]")
{
    CHECK(shown(std::tuple{1, "a", 2.5}) == "(1, 'a', 2.5)");
    CHECK(shown(std::pair{1, std::string{"a"}}) == "(1, 'a')");
    CHECK(shown(std::array<int, 3>{1, 2, 3}) == "(1, 2, 3)");
    CHECK(shown(std::tuple<>{}) == "()");
    CHECK(survives(std::tuple{1, std::string{"a"}, 2.5, true}));
    CHECK(read<std::pair<int, std::string>>("[1, 'a']") == std::pair{1, std::string{"a"}});
    CHECK(read<std::array<int, 2>>("(1, 2)") == std::array{1, 2});

    CHECK(problem<std::pair<int, int>>("(1, 2, 3)") == "expected 2 items, found tuple of 3 items");
    CHECK(problem<std::tuple<int>>("{1}") == "expected tuple of 1 item, found set of 1 item");
    CHECK(problem<std::tuple<int, std::string>>("(1, 2)") == "[1]: expected str, found int 2");
}

TEST_CASE("Sequences are lists, sets are sets, maps are dicts", "[codec][conversion]")
{
    CHECK(shown(std::vector<int>{1, 2}) == "[1, 2]");
    CHECK(shown(std::deque<std::string>{"a"}) == "['a']");
    CHECK(shown(std::list<double>{}) == "[]");
    CHECK(shown(std::vector<bool>{true, false}) == "[True, False]");
    CHECK(shown(std::set<int>{2, 1}) == "{1, 2}");
    CHECK(shown(std::map<std::string, int>{{"b", 2}, {"a", 1}}) == "{'a': 1, 'b': 2}");
    CHECK(survives(std::vector<std::vector<int>>{{1}, {}, {2, 3}}));
    CHECK(survives(std::vector<bool>{true, false}));
    CHECK(survives(std::set<std::string>{"a", "b"}));
    CHECK(survives(std::unordered_set<int>{1, 2}));
    CHECK(survives(std::unordered_map<int, std::vector<std::string>>{{1, {"a"}}, {2, {}}}));
    CHECK(survives(std::map<std::pair<int, int>, std::optional<double>>{{{1, 2}, 0.5}, {{3, 4}, std::nullopt}}));
    CHECK(read<std::vector<int>>("(1, 2)") == std::vector{1, 2});
    CHECK(read<std::set<int>>("frozenset({1})") == std::set{1});

    CHECK(problem<std::vector<int>>("'ab'") == "expected list, found str 'ab'");
    CHECK(problem<std::vector<int>>("[1, 'a']") == "[1]: expected int within -2147483648..2147483647, found str 'a'");
    CHECK(problem<std::map<std::string, std::vector<int>>>("{'a': [1], 'b': [1, None]}") ==
          "['b'][1]: expected int within -2147483648..2147483647, found None");
    CHECK(problem<std::map<std::string, int>>("{1: 2}") == "[1]: expected str, found int 1");
    CHECK(problem<std::set<int>>("{'a'}") == "['a']: expected int within -2147483648..2147483647, found str 'a'");
}

TEST_CASE("A variant reads as the alternative that is exactly of the type found", "[codec][conversion]")
{
    using variant = std::variant<std::monostate, double, int, std::string, std::vector<int>>;
    CHECK(shown(variant{std::string{"a"}}) == "'a'");
    CHECK(read<variant>("None") == variant{std::monostate{}});
    CHECK(read<variant>("3") == variant{3});
    CHECK(read<variant>("3.0") == variant{3.0});
    CHECK(read<variant>("[3]") == variant{std::vector{3}});
    CHECK(read<variant>("(3,)") == variant{std::vector{3}});
    CHECK(read<variant>("5000000000") == variant{5e9});  // not within int: the first that accepts it
    CHECK(read<variant>("True") == variant{1.0});

    CHECK(problem<std::variant<bool, std::string>>("1") == "expected bool or str, found int 1");
}

TEST_CASE("Enumerations are ints", "[codec][conversion]")
{
    CHECK(shown(shapes::colour::green) == "2");
    CHECK(read<shapes::colour>("1") == shapes::colour::red);
    CHECK(problem<shapes::colour>("256") == "expected int within 0..255, found int 256");
}

TEST_CASE("A value converts to itself, inside other types too", "[codec][conversion]")
{
    const value itself = codec::value_from_pickle(as_bytes(pickle("\x80\x02]q\0h\0a.")));
    CHECK(to_value(itself) == itself);
    CHECK(shown(std::map<std::string, value>{{"a", itself}, {"b", itself}, {"c", 1}}) ==
          "{'a': [[...]], 'b': [[...]], 'c': 1}");
    CHECK(read<std::vector<value>>("[1, 'a']")[1] == value{"a"});
}

TEST_CASE("A struct with cereal's serialize() is a dict of its named fields", "[codec][conversion][struct]")
{
    CHECK(shown(shapes::size{1, 2, {}}) == "{'width': 1, 'height': 2, 'name': None}");
    CHECK(shown(shapes::secret{7}) == "{'number': 7}");
    CHECK(shown(shapes::free_function{7}) == "{'number': 7}");
    CHECK(survives(std::vector<shapes::size>{{1, 2, "a"}, {3, 4, {}}}));
    CHECK(read<shapes::secret>("{'number': 9}").number() == 9);
    CHECK(read<shapes::free_function>("{'number': 9}").number == 9);

    SECTION("in any order, with unknown keys ignored and optional ones missing") {
        CHECK(read<shapes::size>("{'height': 2, 'extra': [], 'width': 1}") == shapes::size{1, 2, {}});
    }
    SECTION("errors name the field") {
        CHECK(problem<shapes::size>("{'width': 1}") ==
              "height: expected int within -2147483648..2147483647, found no such key");
        CHECK(problem<std::vector<shapes::size>>("[{'width': 1, 'height': 2}, {'width': 'a', 'height': 2}]") ==
              "[1].width: expected int within -2147483648..2147483647, found str 'a'");
        CHECK(problem<std::map<std::string, shapes::size>>("{'a': {'width': 1, 'height': None}}") ==
              "['a'].height: expected int within -2147483648..2147483647, found None");
        CHECK(problem<shapes::size>("[1, 2]") == "expected dict, found list of 2 items");
    }
    SECTION("a base class adds its fields") {
        shapes::coloured object;
        object.width = 1;
        object.colour = "red";
        CHECK(shown(object) == "{'width': 1, 'height': 0, 'name': None, 'colour': 'red'}");
        CHECK(read<shapes::coloured>("{'width': 1, 'height': 5, 'colour': 'red'}").height == 5);
    }
    SECTION("a class version is kept") {
        CHECK(shown(shapes::versioned{1, 2}) == "{'cereal_class_version': 2, 'first': 1, 'added': 2}");
        CHECK(read<shapes::versioned>("{'first': 1, 'added': 2}").added == -1);
        CHECK(read<shapes::versioned>("{'cereal_class_version': 2, 'first': 1, 'added': 2}").added == 2);
    }
    SECTION("an instance of a Python class gives its attributes") {
        // class Size with width 1 and height 2, as Python 3 pickles it
        const std::string_view instance = pickle("\x80\x04\x8c\x08__main__\x8c\x04Size\x93)\x81}(\x8c\x05widthK\x01\x8c\x06heightK\x02ub.");
        CHECK(from_pickle<shapes::size>(as_bytes(instance)) == shapes::size{1, 2, {}});
    }
}

TEST_CASE("A struct described with Boost.Describe is a dict of its members", "[codec][conversion][struct]")
{
    shapes::described object;
    object.id = 1;
    object.text = "a";
    object.numbers = {0.5};
    CHECK(shown(object) == "{'id': 1, 'text': 'a', 'numbers': [0.5]}");
    const auto back = from_pickle<shapes::described>(to_pickle(object));
    CHECK(back.id == 1);
    CHECK(back.text == "a");
    CHECK(back.numbers == std::vector{0.5});
    CHECK(problem<shapes::described>("{'id': 1, 'text': 2, 'numbers': []}") == "text: expected str, found int 2");
}

TEST_CASE("A recursive type reads to a bounded depth, and a list in itself is refused", "[codec][conversion][struct]")
{
    shapes::tree root;
    root.children.resize(2);
    root.children[1].children.resize(1);
    CHECK(shown(root) == "{'children': [{'children': []}, {'children': [{'children': []}]}]}");
    CHECK(from_pickle<shapes::tree>(to_pickle(root)).children[1].children.size() == 1);

    // d = {}; d['children'] = [d]
    const std::string_view cyclic = pickle("\x80\x02}q\0U\x08" "children]h\0as.");
    CHECK_THROWS_WITH(from_pickle<shapes::tree>(as_bytes(cyclic)),
                      Catch::Contains("expected at most 1000 objects inside each other"));
    CHECK_NOTHROW(from_pickle<shapes::tree>(to_pickle(root)));  // the bound is free again
}

TEST_CASE("A converter of one's own takes part everywhere", "[codec][conversion]")
{
    CHECK(shown(std::vector<shapes::fraction>{{1, 3}}) == "[fractions.Fraction(1, 3)]");
    const auto back = from_pickle<std::optional<shapes::fraction>>(to_pickle(shapes::fraction{1, 3}));
    REQUIRE(back);
    CHECK(back->denominator == 3);
    CHECK(problem<std::vector<shapes::fraction>>("[1]") == "[0]: expected fractions.Fraction, found int");
    using variant = std::variant<int, shapes::fraction>;
    CHECK(std::holds_alternative<shapes::fraction>(from_pickle<variant>(to_pickle(shapes::fraction{1, 2}))));
    CHECK(problem<variant>("'a'") ==
          "expected int within -2147483648..2147483647 or a value that its converter accepts, found str 'a'");
}

TEST_CASE("pickle_codec is the plain conversion", "[codec][conversion][codecs]")
{
    pickle_encoder output;
    pickle_codec::encode(output, std::vector<int>{1});
    const value found = codec::value_from_pickle(output.to_pickle());
    CHECK(found.repr() == "[1]");
    CHECK(pickle_codec::decode<std::vector<int>>(found) == std::vector{1});
}

TEST_CASE("cereal_binary_codec keeps its archive in bytes", "[codec][conversion][codecs]")
{
    pickle_encoder output;
    cereal_binary_codec::encode(output, shapes::unnamed{7, std::make_unique<int>(8)});
    const value found = codec::value_from_pickle(output.to_pickle());
    CHECK(found.kind() == value_kind::bytes);
    const auto back = cereal_binary_codec::decode<shapes::unnamed>(found);
    CHECK(back.number == 7);
    REQUIRE(back.pointer);
    CHECK(*back.pointer == 8);

    CHECK_THROWS_AS(cereal_binary_codec::decode<shapes::unnamed>(value{"text"}), conversion_error);
    CHECK_THROWS_AS(cereal_binary_codec::decode<shapes::unnamed>(value{to_bytes("\1")}), conversion_error);
    CHECK_THROWS_AS(cereal_binary_codec::decode<std::string>(value{to_bytes("\1\xff\xff\xff\xff\xff\xff\xff\x7f")}),
                    conversion_error);
}

TEST_CASE("boost_serialization_codec keeps its archive in bytes", "[codec][conversion][codecs]")
{
    pickle_encoder output;
    boost_serialization_codec::encode(output, shapes::for_boost{{1, 2, 3}});
    const value found = codec::value_from_pickle(output.to_pickle());
    CHECK(found.kind() == value_kind::bytes);
    CHECK(boost_serialization_codec::decode<shapes::for_boost>(found).numbers == std::vector{1, 2, 3});

    CHECK_THROWS_AS(boost_serialization_codec::decode<shapes::for_boost>(value{to_bytes("junk")}), conversion_error);
    CHECK_THROWS_AS(boost_serialization_codec::decode<shapes::for_boost>(value{1}), conversion_error);
}
