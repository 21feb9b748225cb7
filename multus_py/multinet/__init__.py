"""The NPWG multi-network specification: selections from annotations, network status from results."""
