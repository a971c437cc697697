/** A menu of two drinks, to start from. */
export const TEMPLATE_CSV = `section,product,description,price,ingredient,amount,unit,optional
Sours,Daiquiri,"Rum, lime and sugar: nothing to hide behind.",9.50,White rum,60,ml,
,,,,Lime juice,25,ml,
,,,,Sugar syrup,15,ml,
Long drinks,Gin and tonic,,8.00,Gin,50,ml,
,,,,Tonic water,150,ml,
,,,,Lime wheel,1,piece,yes
`;
