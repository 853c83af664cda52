import ctypes

from thermo import abi, celsius


def test_reading_is_converted() -> None:
    reading = abi.thermo_reading(milli=(21500, 0, -5000, 0), valid=0b101)
    assert celsius(reading) == [21.5, None, -5.0, None]


def test_number_knows_its_argument() -> None:
    assert abi.THERMO_READ.size == ctypes.sizeof(abi.thermo_reading) == 32
    assert abi.THERMO_READ.argument is abi.thermo_reading
