"""What Multus is: settings, plan, perform, record, and one short module a verb."""
