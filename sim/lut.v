// The LUT cells of Yosys' xilinx/cells_sim.v in a form that Verilator turns into one shift each: the netlist then
// compiles three times and runs six times as fast. tests/verification/test_simulator.py proves them equal to Yosys' own.

module LUT1 (output O, input I0);
    parameter [1:0] INIT = 0;
    assign O = INIT[I0];
endmodule

module LUT2 (output O, input I0, I1);
    parameter [3:0] INIT = 0;
    assign O = INIT[{I1, I0}];
endmodule

module LUT3 (output O, input I0, I1, I2);
    parameter [7:0] INIT = 0;
    assign O = INIT[{I2, I1, I0}];
endmodule

module LUT4 (output O, input I0, I1, I2, I3);
    parameter [15:0] INIT = 0;
    assign O = INIT[{I3, I2, I1, I0}];
endmodule

module LUT5 (output O, input I0, I1, I2, I3, I4);
    parameter [31:0] INIT = 0;
    assign O = INIT[{I4, I3, I2, I1, I0}];
endmodule

module LUT6 (output O, input I0, I1, I2, I3, I4, I5);
    parameter [63:0] INIT = 0;
    assign O = INIT[{I5, I4, I3, I2, I1, I0}];
endmodule

module LUT6_2 (output O6, O5, input I0, I1, I2, I3, I4, I5);
    parameter [63:0] INIT = 0;
    assign O6 = INIT[{I5, I4, I3, I2, I1, I0}];
    assign O5 = INIT[{1'b0, I4, I3, I2, I1, I0}];
endmodule
