#include "core_testing.hpp"

#include "core/registry.hpp"

#include <map>
#include <stdexcept>

using namespace quaymaster;
using namespace quaymaster::core;
using namespace quaymaster::core::testing;

namespace {

// A referent of which only the text matters.
class labelled final : public referent {
public:
    explicit labelled(std::string text) : text_{std::move(text)} {}
    [[nodiscard]] std::span<const std::string_view> exposed() const noexcept override { return {}; }
    outcome invoke(call&, waiter&, completions&) override { return returned{}; }
    outcome expire(waiter&, completions&) override { return returned{}; }
    void withdraw(waiter&, completions&) override {}
    [[nodiscard]] std::string text() const override { return text_; }

private:
    std::string text_;
};

std::shared_ptr<referent> object_of(std::string text)
{
    return std::make_shared<labelled>(std::move(text));
}

// A new object, with an ident of its own, at every call.
factory fresh(std::string text)
{
    return [text](call&) -> std::variant<made_object, raised> { return made_object{object_of(text), {}}; };
}

factory always(std::shared_ptr<referent> object, std::string stable_ident)
{
    return [=](call&) -> std::variant<made_object, raised> { return made_object{object, stable_ident}; };
}

created create(registry& objects, std::string_view typeid_name)
{
    call arguments;
    auto made = objects.create(typeid_name, arguments);
    REQUIRE(std::holds_alternative<created>(made));
    return std::get<created>(made);
}

raised refusal(registry& objects, std::string_view typeid_name)
{
    call arguments;
    auto made = objects.create(typeid_name, arguments);
    REQUIRE(std::holds_alternative<raised>(made));
    return std::get<raised>(made);
}

std::string texts_of(const registry& objects)
{
    return debug_info(objects.list(), [](const referent& object) { return object.text(); });
}

struct fixture {
    registry objects{0xabc};
};

}  // namespace

TEST_CASE_METHOD(fixture, "typeids are registered once", "[core][registry]")
{
    objects.register_typeid("b", fresh("b"));
    objects.register_typeid("a", fresh("a"));
    CHECK(objects.has_typeid("a"));
    CHECK_FALSE(objects.has_typeid("c"));
    CHECK(objects.typeids() == std::vector<std::string>{"a", "b"});
    CHECK_THROWS_AS(objects.register_typeid("a", fresh("again")), std::invalid_argument);
    CHECK_THROWS_AS(objects.register_typeid("", fresh("nameless")), std::invalid_argument);
}

TEST_CASE_METHOD(fixture, "what is known of a factory is known of its typeid alone", "[core][registry]")
{
    objects.register_typeid("list", fresh("[]"), {.reads_arguments = true, .makes_new_objects = true});
    objects.register_typeid("get", fresh("found"));
    CHECK(objects.traits_of("list").reads_arguments);
    CHECK(objects.traits_of("list").makes_new_objects);
    for (const char* const other : {"get", "unknown"}) {
        CHECK_FALSE(objects.traits_of(other).reads_arguments);
        CHECK_FALSE(objects.traits_of(other).makes_new_objects);
    }
}

TEST_CASE_METHOD(fixture, "create() raises what Python raises", "[core][registry]")
{
    CHECK(refusal(objects, "unknown").type == exception_type::key_error);
    CHECK(refusal(objects, "unknown").text == "unknown");
    SECTION("the factory's own complaint passes through, and nothing is made") {
        objects.register_typeid("picky", [](call&) -> std::variant<made_object, raised> {
            return raised{exception_type::type_error, "picky() takes 0 positional arguments but 1 was given"};
        });
        CHECK(refusal(objects, "picky").type == exception_type::type_error);
        CHECK(objects.number_of_objects() == 0);
    }
}

TEST_CASE_METHOD(fixture, "an object lives as long as somebody counts on it", "[core][registry]")
{
    objects.register_typeid("thing", fresh("a thing"));
    const std::string ident = create(objects, "thing").ident;
    const std::weak_ptr<referent> object = objects.find(ident);
    REQUIRE_FALSE(object.expired());
    CHECK(objects.number_of_objects() == 1);

    // The client's own count, then the one that create() made goes.
    CHECK(objects.incref(ident));
    CHECK(objects.decref(ident));
    CHECK_FALSE(object.expired());
    CHECK(objects.number_of_objects() == 1);

    CHECK(objects.decref(ident));
    CHECK(object.expired());
    CHECK(objects.number_of_objects() == 0);
    CHECK(objects.find(ident) == nullptr);
    CHECK_FALSE(objects.incref(ident));
    CHECK_FALSE(objects.decref(ident));
}

TEST_CASE_METHOD(fixture, "a caller that still uses an object keeps it beyond its count", "[core][registry]")
{
    objects.register_typeid("thing", fresh("a thing"));
    const created made = create(objects, "thing");
    CHECK(objects.decref(made.ident));
    CHECK(made.object->text() == "a thing");
}

TEST_CASE_METHOD(fixture, "idents are never given twice", "[core][registry]")
{
    objects.register_typeid("thing", fresh("a thing"));
    const std::string first = create(objects, "thing").ident;
    CHECK(create(objects, "thing").ident != first);
    objects.decref(first);
    CHECK(create(objects, "thing").ident != first);

    SECTION("not by another server either") {
        registry elsewhere{0xabd};
        elsewhere.register_typeid("thing", fresh("a thing"));
        CHECK(create(elsewhere, "thing").ident != first);
    }
}

TEST_CASE_METHOD(fixture, "the same object made again has the same ident and one count more", "[core][registry]")
{
    const auto object = object_of("the one");
    SECTION("without a stable ident, while it is counted") {
        objects.register_typeid("get", always(object, {}));
        const std::string ident = create(objects, "get").ident;
        CHECK(create(objects, "get").ident == ident);
        CHECK(objects.number_of_objects() == 1);
        objects.decref(ident);
        CHECK(objects.find(ident) == object);
        objects.decref(ident);
        CHECK(objects.find(ident) == nullptr);
        CHECK(create(objects, "get").ident != ident);
    }
    SECTION("with one, for ever") {
        objects.register_typeid("get", always(object, "get"));
        CHECK(create(objects, "get").ident == "get");
        CHECK(create(objects, "get").ident == "get");
        objects.decref("get");
        objects.decref("get");
        CHECK(objects.number_of_objects() == 0);
        CHECK(objects.find("get") == object);
        CHECK_FALSE(objects.decref("get"));
        CHECK(objects.incref("get"));
        CHECK(objects.number_of_objects() == 1);
    }
}

TEST_CASE_METHOD(fixture, "a stable object is found before anybody has created it", "[core][registry]")
{
    const auto object = object_of("the one");
    objects.declare_stable("get", object);
    CHECK(objects.find("get") == object);
    CHECK(objects.number_of_objects() == 0);
    SECTION("a proxy from before a restart may count on it") {
        CHECK(objects.incref("get"));
        CHECK(objects.number_of_objects() == 1);
        CHECK(objects.decref("get"));
        CHECK(objects.find("get") == object);
    }
    SECTION("and create() gives it") {
        objects.register_typeid("get", always(object, "get"));
        CHECK(create(objects, "get").object == object);
    }
    SECTION("its ident is not for another object") {
        CHECK_NOTHROW(objects.declare_stable("get", object));
        CHECK_THROWS_AS(objects.declare_stable("get", object_of("another")), std::invalid_argument);
        objects.register_typeid("impostor", always(object_of("another"), "get"));
        CHECK(refusal(objects, "impostor").type == exception_type::runtime_error);
        CHECK(objects.find("get") == object);
    }
}

TEST_CASE_METHOD(fixture, "debug_info() is CPython's: counted idents, sorted, with their count and text", "[core][registry]")
{
    CHECK(texts_of(objects).empty());
    objects.register_typeid("b", always(object_of("<queue.Queue 'b' qsize=0>"), "b"));
    objects.register_typeid("a", always(object_of(std::string(80, 'x')), "a"));
    objects.declare_stable("c", object_of("not counted"));
    create(objects, "b");
    create(objects, "b");
    create(objects, "a");
    CHECK(texts_of(objects) == "  a:       refcount=1\n    " + std::string(75, 'x') +
                                      "\n  b:       refcount=2\n    <queue.Queue 'b' qsize=0>");
    SECTION("its 75 are characters, not octets") {
        std::string umlauts;
        for (int i = 0; i < 80; ++i)
            umlauts += "\xc3\xbc";
        registry others{1};
        others.register_typeid("u", always(object_of(umlauts), "u"));
        create(others, "u");
        CHECK(texts_of(others) == "  u:       refcount=1\n    " + umlauts.substr(0, 150));
    }
}

TEST_CASE_METHOD(fixture, "list() has all objects, counted or not", "[core][registry]")
{
    objects.register_typeid("a", always(object_of("a"), "a"));
    objects.declare_stable("b", object_of("b"));
    create(objects, "a");
    std::map<std::string, std::size_t> seen;
    for (const listed_object& each : objects.list()) {
        CHECK(each.object->text() == each.ident);
        seen[each.ident] = each.count;
    }
    CHECK(seen == std::map<std::string, std::size_t>{{"a", 1}, {"b", 0}});
}

TEST_CASE_METHOD(fixture, "data that holds a proxy keeps its object", "[core][registry][hold]")
{
    objects.register_typeid("thing", fresh("a thing"));
    const std::string ident = create(objects, "thing").ident;
    CHECK_FALSE(objects.add_hold("queue", "unknown"));
    REQUIRE(objects.add_hold("queue", ident));
    REQUIRE(objects.add_hold("queue", ident));

    CHECK(objects.decref(ident));
    CHECK(objects.find(ident) != nullptr);
    CHECK(objects.number_of_objects() == 1);
    CHECK(texts_of(objects).find("refcount=2") != std::string::npos);
    SECTION("until the last of it is gone") {
        CHECK(objects.remove_hold("queue", ident) == nullptr);
        const auto gone = objects.remove_hold("queue", ident);
        REQUIRE(gone != nullptr);
        CHECK(gone->text() == "a thing");
        CHECK(objects.find(ident) == nullptr);
        CHECK(objects.number_of_objects() == 0);
        CHECK(objects.remove_hold("queue", ident) == nullptr);
    }
    SECTION("and whoever takes the proxy out counts on it again") {
        CHECK(objects.incref(ident));
        CHECK(objects.remove_hold("queue", ident) == nullptr);
        CHECK(objects.remove_hold("queue", ident) == nullptr);
        CHECK(objects.decref(ident));
        CHECK(objects.find(ident) == nullptr);
    }
    SECTION("wherever it moves") {
        objects.move_hold("queue", "list", ident);
        CHECK(objects.remove_hold("queue", ident) == nullptr);
        CHECK(objects.remove_hold("queue", ident) == nullptr);
        CHECK(objects.find(ident) != nullptr);
        CHECK(objects.remove_hold("list", ident) != nullptr);
    }
    SECTION("a stable object stays anyhow") {
        const auto queue = object_of("a queue");
        objects.declare_stable("queue", queue);
        REQUIRE(objects.add_hold(ident, "queue"));
        CHECK(objects.number_of_objects() == 2);
        CHECK(objects.remove_hold(ident, "queue") == nullptr);
        CHECK(objects.find("queue") == queue);
        CHECK(objects.number_of_objects() == 1);
    }
}

TEST_CASE_METHOD(fixture, "objects that only hold each other are collected", "[core][registry][hold]")
{
    objects.register_typeid("thing", fresh("a thing"));
    const std::string first = create(objects, "thing").ident;
    const std::string second = create(objects, "thing").ident;
    const std::string outside = create(objects, "thing").ident;
    REQUIRE(objects.add_hold(first, second));
    REQUIRE(objects.add_hold(second, first));
    REQUIRE(objects.add_hold(outside, first));
    CHECK(objects.decref(first));
    CHECK(objects.decref(second));
    CHECK(objects.collect_cycles().empty());
    CHECK(objects.number_of_objects() == 3);

    SECTION("once nothing else reaches them") {
        CHECK(objects.decref(outside));
        CHECK(objects.remove_hold(outside, first) == nullptr);
        CHECK(objects.collect_cycles().size() == 2);
        CHECK(objects.number_of_objects() == 0);
        CHECK(objects.collect_cycles().empty());
    }
    SECTION("not while one is on its way to a client") {
        REQUIRE(objects.add_hold({}, second));
        CHECK(objects.decref(outside));
        CHECK(objects.remove_hold(outside, first) == nullptr);
        CHECK(objects.collect_cycles().empty());
        CHECK(objects.remove_hold({}, second) == nullptr);
        CHECK(objects.collect_cycles().size() == 2);
    }
    SECTION("one that holds itself, too") {
        REQUIRE(objects.add_hold(outside, outside));
        CHECK(objects.remove_hold(outside, first) == nullptr);
        CHECK(objects.decref(outside));
        CHECK(objects.collect_cycles().size() == 3);
        CHECK(objects.number_of_objects() == 0);
    }
}
