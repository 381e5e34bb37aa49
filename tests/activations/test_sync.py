"""Sweeping the list of Enphase into our table."""

from activations import sync
from activations.models import Activation, Sweep


def test_first_sweep_brings_the_companys_sites(halcyon, world):
    run = sync.sweep(halcyon)
    assert run is not None
    assert run.problem == ""
    assert run.finished_at
    assert set(Activation.objects.values_list("system_id", flat=True)) == {
        701, 702, 703, 704, 705, 706,
    }  # fmt: skip
    okafor = Activation.objects.get(system_id=701)
    assert (okafor.name, okafor.reference, okafor.stage) == ("Okafor residence", "HAL701", 3)
    assert Activation.objects.get(system_id=704).branch.name == "Halcyon Solar North"
