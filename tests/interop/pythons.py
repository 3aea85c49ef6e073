"""Which Pythons are here: this one, and those of pyenv, from 2.7 to 3.13."""
import os
import pathlib
import subprocess
import sys


def found_pythons():
    """[(version, path)], oldest first, one for each version.

    QUAYMASTER_INTEROP_PYTHONS (paths, ':' between) replaces the search; QUAYMASTER_PYTHONS=own leaves only the one that runs this.
    """
    chosen = os.environ.get('QUAYMASTER_INTEROP_PYTHONS')
    if os.environ.get('QUAYMASTER_PYTHONS') == 'own':
        candidates = [pathlib.Path(sys.executable)]
    elif chosen:
        candidates = [pathlib.Path(path) for path in chosen.split(':')]
    else:
        root = pathlib.Path(os.environ.get('PYENV_ROOT') or pathlib.Path.home() / '.pyenv')
        candidates = [pathlib.Path(sys.executable)] + sorted(root.glob('versions/*/bin/python'))
    found = {}
    for path in candidates:
        try:
            answer = subprocess.run([str(path), '-c', 'import sys; print("%d.%d.%d" % sys.version_info[:3])'],
                                    stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, universal_newlines=True, timeout=60)
        except OSError:
            continue
        version = tuple(int(part) for part in answer.stdout.strip().split('.')) if answer.returncode == 0 else ()
        if (2, 7) <= version[:2] <= (3, 14):
            found.setdefault(version, str(path))
    return [('.'.join(map(str, version)), path) for version, path in sorted(found.items())]
