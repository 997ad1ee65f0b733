import subprocess
import sys
from pathlib import Path


def test_loading_the_group_leaves_no_file_behind(tmp_path: Path) -> None:
    """rbcl writes its copy of libsodium to the temporary directory, once for each process."""
    code = (
        "from crypto.ristretto import Scalar, multiply_base; multiply_base(Scalar(bytes([7]*32)))"
    )
    subprocess.run([sys.executable, "-c", code], check=True, env={"TMPDIR": str(tmp_path)})
    assert list(tmp_path.iterdir()) == []


def test_the_group_is_loaded_only_by_those_who_use_tokens() -> None:
    code = "import crypto, sys; assert 'rbcl' not in sys.modules and 'mnemonic' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
