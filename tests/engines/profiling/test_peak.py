import torch

from docendo.engines.profiling.peak import measure_ceiling


def test_peak_rates_are_measured_on_all_threads_and_keep_the_thread_count(monkeypatch):
    monkeypatch.setattr("docendo.engines.profiling.peak._SIZES", {"cpu": (32, 64)})
    monkeypatch.setattr("docendo.engines.profiling.peak._BYTES", 2**16)
    torch.set_num_threads(2)
    ceiling = measure_ceiling(torch.float32, torch.device("cpu"))
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    assert min(ceiling) > 0
    assert threads == 2
