// boost_items: an item that goes through a server and back as a Boost archive. Exits 0 if it is what it was.
#include <quaymaster/boost_serialization.hpp>
#include <quaymaster/quaymaster.hpp>

#include <boost/serialization/vector.hpp>

#include <vector>

int main()
{
    quaymaster::base_manager manager{{"127.0.0.1", 0}, "abc"};
    manager.register_queue("get_archives");
    manager.start();
    auto archives =
        manager.create<quaymaster::queue_proxy<std::vector<int>, quaymaster::boost_serialization_codec>>("get_archives");
    const std::vector<int> item{1, 2, 3};
    archives.put(item);
    return archives.get(std::chrono::seconds{10}) == item ? 0 : 1;
}
