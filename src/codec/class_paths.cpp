#include "codec/class_paths.hpp"

#include <algorithm>
#include <span>

namespace quaymaster::codec {

namespace {

/// Which way a row may be read: several Python 2 names became one in Python 3, and the other way round.
enum class direction { both, to2, to3 };

struct module_row {
    std::string_view python2;
    std::string_view python3;
    direction way;
};
struct name_row {
    std::string_view python2_module;
    std::string_view python2_name;
    std::string_view python3_module;
    std::string_view python3_name;
    direction way;
};

constexpr module_row module_rows[] = {
    {"BaseHTTPServer", "http.server", direction::both},
    {"CGIHTTPServer", "http.server", direction::to3},
    {"ConfigParser", "configparser", direction::both},
    {"Cookie", "http.cookies", direction::both},
    {"Dialog", "tkinter.dialog", direction::both},
    {"DocXMLRPCServer", "xmlrpc.server", direction::to3},
    {"FileDialog", "tkinter.filedialog", direction::to3},
    {"HTMLParser", "html.parser", direction::both},
    {"Queue", "queue", direction::both},
    {"ScrolledText", "tkinter.scrolledtext", direction::both},
    {"SimpleDialog", "tkinter.simpledialog", direction::to3},
    {"SimpleHTTPServer", "http.server", direction::to3},
    {"SimpleXMLRPCServer", "xmlrpc.server", direction::both},
    {"SocketServer", "socketserver", direction::both},
    {"StringIO", "io", direction::to3},
    {"Tix", "tkinter.tix", direction::both},
    {"Tkconstants", "tkinter.constants", direction::both},
    {"Tkdnd", "tkinter.dnd", direction::both},
    {"Tkinter", "tkinter", direction::both},
    {"UserDict", "collections", direction::to3},
    {"UserList", "collections", direction::to3},
    {"UserString", "collections", direction::to3},
    {"__builtin__", "builtins", direction::both},
    {"_abcoll", "collections.abc", direction::both},
    {"_elementtree", "xml.etree.ElementTree", direction::to3},
    {"_winreg", "winreg", direction::both},
    {"anydbm", "dbm", direction::both},
    {"cPickle", "pickle", direction::to3},
    {"cStringIO", "io", direction::to3},
    {"commands", "subprocess", direction::both},
    {"cookielib", "http.cookiejar", direction::both},
    {"copy_reg", "copyreg", direction::both},
    {"dbhash", "dbm.bsd", direction::both},
    {"dbm", "dbm.ndbm", direction::both},
    {"dumbdbm", "dbm.dumb", direction::both},
    {"dummy_thread", "_dummy_thread", direction::both},
    {"gdbm", "dbm.gnu", direction::both},
    {"htmlentitydefs", "html.entities", direction::both},
    {"httplib", "http.client", direction::both},
    {"markupbase", "_markupbase", direction::both},
    {"repr", "reprlib", direction::both},
    {"robotparser", "urllib.robotparser", direction::both},
    {"test.test_support", "test.support", direction::both},
    {"thread", "_thread", direction::both},
    {"tkColorChooser", "tkinter.colorchooser", direction::both},
    {"tkCommonDialog", "tkinter.commondialog", direction::both},
    {"tkFileDialog", "tkinter.filedialog", direction::both},
    {"tkFont", "tkinter.font", direction::both},
    {"tkMessageBox", "tkinter.messagebox", direction::both},
    {"tkSimpleDialog", "tkinter.simpledialog", direction::both},
    {"ttk", "tkinter.ttk", direction::both},
    {"urllib2", "urllib.request", direction::both},
    {"urlparse", "urllib.parse", direction::both},
    {"whichdb", "dbm", direction::to3},
    {"xmlrpclib", "xmlrpc.client", direction::both},
    {"bz2", "_bz2", direction::to2},
    {"dbm", "_dbm", direction::to2},
    {"functools", "_functools", direction::to2},
    {"gdbm", "_gdbm", direction::to2},
    {"pickle", "_pickle", direction::to2},
};

constexpr name_row name_rows[] = {
    {"UserDict", "IterableUserDict", "collections", "UserDict", direction::both},
    {"UserDict", "UserDict", "collections", "UserDict", direction::to3},
    {"UserList", "UserList", "collections", "UserList", direction::both},
    {"UserString", "UserString", "collections", "UserString", direction::both},
    {"__builtin__", "basestring", "builtins", "str", direction::to3},
    {"__builtin__", "intern", "sys", "intern", direction::both},
    {"__builtin__", "long", "builtins", "int", direction::both},
    {"__builtin__", "reduce", "functools", "reduce", direction::both},
    {"__builtin__", "unichr", "builtins", "chr", direction::both},
    {"__builtin__", "unicode", "builtins", "str", direction::both},
    {"__builtin__", "xrange", "builtins", "range", direction::both},
    {"_multiprocessing", "Connection", "multiprocessing.connection", "Connection", direction::both},
    {"_socket", "fromfd", "socket", "fromfd", direction::both},
    {"exceptions", "StandardError", "builtins", "Exception", direction::to3},
    {"itertools", "ifilter", "builtins", "filter", direction::both},
    {"itertools", "ifilterfalse", "itertools", "filterfalse", direction::both},
    {"itertools", "imap", "builtins", "map", direction::both},
    {"itertools", "izip", "builtins", "zip", direction::both},
    {"itertools", "izip_longest", "itertools", "zip_longest", direction::both},
    {"multiprocessing", "AuthenticationError", "multiprocessing.context", "AuthenticationError", direction::both},
    {"multiprocessing", "BufferTooShort", "multiprocessing.context", "BufferTooShort", direction::both},
    {"multiprocessing", "ProcessError", "multiprocessing.context", "ProcessError", direction::both},
    {"multiprocessing", "TimeoutError", "multiprocessing.context", "TimeoutError", direction::both},
    {"multiprocessing.forking", "Popen", "multiprocessing.popen_fork", "Popen", direction::both},
    {"multiprocessing.process", "Process", "multiprocessing.context", "Process", direction::both},
    {"socket", "_socketobject", "socket", "SocketType", direction::to3},
    {"urllib", "ContentTooShortError", "urllib.error", "ContentTooShortError", direction::both},
    {"urllib", "getproxies", "urllib.request", "getproxies", direction::both},
    {"urllib", "pathname2url", "urllib.request", "pathname2url", direction::both},
    {"urllib", "quote", "urllib.parse", "quote", direction::both},
    {"urllib", "quote_plus", "urllib.parse", "quote_plus", direction::both},
    {"urllib", "unquote", "urllib.parse", "unquote", direction::both},
    {"urllib", "unquote_plus", "urllib.parse", "unquote_plus", direction::both},
    {"urllib", "url2pathname", "urllib.request", "url2pathname", direction::both},
    {"urllib", "urlcleanup", "urllib.request", "urlcleanup", direction::both},
    {"urllib", "urlencode", "urllib.parse", "urlencode", direction::both},
    {"urllib", "urlopen", "urllib.request", "urlopen", direction::both},
    {"urllib", "urlretrieve", "urllib.request", "urlretrieve", direction::both},
    {"urllib2", "HTTPError", "urllib.error", "HTTPError", direction::both},
    {"urllib2", "URLError", "urllib.error", "URLError", direction::both},
    {"whichdb", "whichdb", "dbm", "whichdb", direction::both},
    {"__builtin__", "reduce", "_functools", "reduce", direction::to2},
    {"socket", "_socketobject", "_socket", "socket", direction::to2},
    {"exceptions", "OSError", "builtins", "BrokenPipeError", direction::to2},
    {"exceptions", "OSError", "builtins", "ChildProcessError", direction::to2},
    {"exceptions", "OSError", "builtins", "ConnectionAbortedError", direction::to2},
    {"exceptions", "OSError", "builtins", "ConnectionError", direction::to2},
    {"exceptions", "OSError", "builtins", "ConnectionRefusedError", direction::to2},
    {"exceptions", "OSError", "builtins", "ConnectionResetError", direction::to2},
    {"exceptions", "OSError", "builtins", "FileExistsError", direction::to2},
    {"exceptions", "OSError", "builtins", "FileNotFoundError", direction::to2},
    {"exceptions", "OSError", "builtins", "InterruptedError", direction::to2},
    {"exceptions", "OSError", "builtins", "IsADirectoryError", direction::to2},
    {"exceptions", "ImportError", "builtins", "ModuleNotFoundError", direction::to2},
    {"exceptions", "OSError", "builtins", "NotADirectoryError", direction::to2},
    {"exceptions", "OSError", "builtins", "PermissionError", direction::to2},
    {"exceptions", "OSError", "builtins", "ProcessLookupError", direction::to2},
    {"exceptions", "OSError", "builtins", "TimeoutError", direction::to2},
    {"CGIHTTPServer", "CGIHTTPRequestHandler", "http.server", "CGIHTTPRequestHandler", direction::to2},
    {"SimpleHTTPServer", "SimpleHTTPRequestHandler", "http.server", "SimpleHTTPRequestHandler", direction::to2},
    {"FileDialog", "FileDialog", "tkinter.filedialog", "FileDialog", direction::to2},
    {"FileDialog", "LoadFileDialog", "tkinter.filedialog", "LoadFileDialog", direction::to2},
    {"FileDialog", "SaveFileDialog", "tkinter.filedialog", "SaveFileDialog", direction::to2},
    {"SimpleDialog", "SimpleDialog", "tkinter.simpledialog", "SimpleDialog", direction::to2},
    {"DocXMLRPCServer", "DocCGIXMLRPCRequestHandler", "xmlrpc.server", "DocCGIXMLRPCRequestHandler", direction::to2},
    {"DocXMLRPCServer", "DocXMLRPCRequestHandler", "xmlrpc.server", "DocXMLRPCRequestHandler", direction::to2},
    {"DocXMLRPCServer", "DocXMLRPCServer", "xmlrpc.server", "DocXMLRPCServer", direction::to2},
    {"DocXMLRPCServer", "ServerHTMLDoc", "xmlrpc.server", "ServerHTMLDoc", direction::to2},
    {"DocXMLRPCServer", "XMLRPCDocGenerator", "xmlrpc.server", "XMLRPCDocGenerator", direction::to2},
};

/// Python 2 keeps these in the module `exceptions`, Python 3 in `builtins`.
constexpr std::string_view exception_names[] = {
    "ArithmeticError", "AssertionError", "AttributeError", "BaseException", "BufferError", "BytesWarning",
    "DeprecationWarning", "EOFError", "EnvironmentError", "Exception", "FloatingPointError", "FutureWarning",
    "GeneratorExit", "IOError", "ImportError", "ImportWarning", "IndentationError", "IndexError", "KeyError",
    "KeyboardInterrupt", "LookupError", "MemoryError", "NameError", "NotImplementedError", "OSError",
    "OverflowError", "PendingDeprecationWarning", "ReferenceError", "RuntimeError", "RuntimeWarning",
    "StandardError", "StopIteration", "SyntaxError", "SyntaxWarning", "SystemError", "SystemExit", "TabError",
    "TypeError", "UnboundLocalError", "UnicodeDecodeError", "UnicodeEncodeError", "UnicodeError",
    "UnicodeTranslateError", "UnicodeWarning", "UserWarning", "ValueError", "Warning", "ZeroDivisionError",
};

[[nodiscard]] bool is_exception(std::string_view name) noexcept
{
    return std::find(std::begin(exception_names), std::end(exception_names), name) != std::end(exception_names);
}

}  // namespace

class_path python2_path(class_path python3) noexcept
{
    for (const name_row& row : name_rows)
        if (row.way != direction::to3 && row.python3_module == python3.module && row.python3_name == python3.name)
            return {row.python2_module, row.python2_name};
    if (python3.module == "builtins" && is_exception(python3.name))
        return {"exceptions", python3.name};
    for (const module_row& row : module_rows)
        if (row.way != direction::to3 && row.python3 == python3.module)
            return {row.python2, python3.name};
    return python3;
}

class_path python3_path(class_path python2) noexcept
{
    for (const name_row& row : name_rows)
        if (row.way != direction::to2 && row.python2_module == python2.module && row.python2_name == python2.name)
            return {row.python3_module, row.python3_name};
    if (python2.module == "exceptions" && is_exception(python2.name))
        return {"builtins", python2.name};
    for (const module_row& row : module_rows)
        if (row.way != direction::to2 && row.python2 == python2.module)
            return {row.python3, python2.name};
    return python2;
}

}  // namespace quaymaster::codec
