"""What Multus asks of the cluster: a port of four calls, and its adapters. Nothing of CNI here."""
